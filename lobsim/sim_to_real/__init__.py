"""From the simulator to the live venue: a venue that differs, and the tools to find out how.

The venue
---------
*Differences.* Each hidden difference is a named switch with a size (`gaps`), mapped to parts of the
market or to rules of the venue around it. No gap: the training market, bit for bit.

*Time.* The venue has one true clock, in nanoseconds after midnight. It runs at a multiple of the
wall clock, and goes on while the venue is dead or stalled; or, in *lockstep*, as far as the client
asks, so that a day is reproducible to the byte. Latency is the market's own (`Latency` part):
whatever the venue says it says when the trader could know it.

*Messages.* `protocol` is lines of JSON over TCP on the local host. All that a venue tells the
trader is numbered, over all connections of a day; a client that comes back says the last number it
has and gets the rest. So the trader's stream is complete and in order, though *reports* in it may
be late and overtake one another. All that a trader asks has an id and is carried out once.

*Nothing is doubled, nothing is lost.* `venue.VenueCore` is a function of the day and of the
requests with their times of arrival. `gateway.Gateway` writes each of them to a journal before it
is carried out, and so before anything that follows from it leaves. A venue that was killed plays
its journal once more and is the same venue: same orders, same fills, same numbers. `client.Client`
writes what it asks before it asks, and asks again, under the same ids, for what was not answered.

*A policy live.* `live_run.run_live` plays a policy of `lobsim/Execution-v0`: what it sees is
computed from the feed and the trader's own reports (`feed_state`), what it does becomes orders.
Without a gap both are those of the environment. `logs` writes days of either side in one form.

*Forms.* `server` is the venue as a process (``python -m lobsim.sim_to_real.server``), `links`
the socket to it and the same gateway without a socket, for notebooks and tests.

.. code-block:: python

    from lobsim.sim_to_real import VenueDay, embedded, reconcile
    client, gateway = embedded(VenueDay(seed=1, end_s=36_060, gaps=["queue", "order_latency=0.5"]))
    client.new(+1, 100, "market")
    client.step(gateway.core.end_ns)
    reconcile(client.account, client.status()).is_clean

The statistics
--------------
`drift_tests` says in which columns two sides differ, with blocks of time as units, so that data
that hang together raise no false alarm. `ab_experiment` compares two policies order by order, and
may be looked at every day (`sequential`).

.. code-block:: python

    from lobsim.sim_to_real import ab_test, drift_text, find_drift
    print(drift_text(find_drift(simulated, live, actions=["action"], episode="episode")))
    ab_test(orders, "cost_bps", tau=1.0).verdict

Why it is worse live
--------------------
`day_record` keeps what a desk has of a day, `day_measures` measures the venue on it. `gap_parts`
runs the simulator again with one thing after another taken over from a live day, so that the gap
in cost falls apart into latency, decisions, prices, fills and fees that add up. `attribution` finds
which switches of the simulator (`laboratory`) explain what was measured on live days, and splits
what they cost by Shapley (`shapley_values`).

.. code-block:: python

    from lobsim.sim_to_real import Laboratory, attribute, attribution_text, learn_responses
    laboratory = Laboratory(settings, policy, seeds=range(10))
    responses = learn_responses(laboratory, base_seeds=range(100, 160))
    live = laboratory.play(["queue", "fees"], seeds=range(200, 220), label="live")
    print(attribution_text(attribute(live, laboratory, responses)))

What is wrong with an agent, and what helps
-------------------------------------------
`overfitting` tells an agent that has learned its recorded history (`histories` trains such ones)
from one that has learned what is true of all days. A `live_days.LiveDesk` works one order a day at
the venue, and from its logs `recalibrate` moves the simulator towards the venue and `fine_tuning`
lets the agent itself learn, under a `guard` that deploys nothing but what was shown to be better
than the fallback. `random_gaps` trains for a range of venues. `fixes` tells what each won back.

.. code-block:: python

    from lobsim.sim_to_real import LiveDesk, fine_tune, pilot_updates, settings_of
    settings = settings_of(agent)
    desk = LiveDesk(settings, ["fees", "trend=-1.5"], seed=1)
    fine_tune(agent, desk, pilot_updates(learning_rate=3e-4)).blocks
"""

from importlib import import_module

_HOMES = {
    "ab_assignment": ("Assigner", "Balance", "balance"),
    "ab_experiment": ("ABResult", "ab_test", "adjusted", "stratified_difference"),
    "ab_picture": ("ab_plot",),
    "account": ("Account", "LiveOrder", "Reconciliation", "reconcile"),
    "attribution": ("Attribution", "Effect", "attribute"),
    "attribution_report": ("attribution_plot", "attribution_text", "gap_parts_plot"),
    "blocks": ("BlockLength", "Pool", "block_length"),
    "bounded_sequence": ("bounded_confidence_sequence",),
    "client": ("Client", "LinkDown"),
    "day_measures": ("measure_day", "measure_days"),
    "day_record": ("DayRecord", "play_day"),
    "drift_report": ("drift_columns_plot", "drift_evidence_plot", "drift_text"),
    "drift_statistics": ("classifier_auc", "ks_statistic", "median_distance", "mmd2", "psi",
                         "psi_edges"),
    "drift_tests": ("DriftResult", "benjamini_hochberg", "find_drift", "holm"),
    "fine_tuning": ("FineTuning", "Pilot", "fine_tune", "pilot_updates"),
    "fixes": ("fixes_table", "won_back"),
    "fixes_picture": ("fixes_plot", "learning_curve_plot"),
    "gap_parts": ("Delays", "GapParts", "measured_delays", "parts_table", "split_gap"),
    "gaps": ("GAPS", "Gap", "Rules", "as_gaps", "hidden_gaps", "with_gaps"),
    "gateway": ("Gateway", "Journal", "JournalError"),
    "group_sequential": ("crossing_probability", "group_sequential_bounds"),
    "guard": ("Guard", "Proof", "proof_of"),
    "histories": ("history_gains", "history_seeds", "learning_curve", "train_on_histories"),
    "laboratory": ("Laboratory", "Response", "Responses", "learn_responses"),
    "lean_export": ("export_lean",),
    "links": ("EmbeddedLink", "SocketLink", "embedded"),
    "live_days": ("LiveDesk", "against_schedule", "schedule_policy"),
    "live_run": ("LiveDay", "run_live", "settings_of"),
    "logs": ("LogError", "Recorder", "day_table", "read_log", "write_log"),
    "overfitting": ("Overfitting", "find_overfitting"),
    "policy_update": ("decisions_of", "updated", "with_exploration"),
    "protocol": ("ProtocolError",),
    "quick_days": ("QuickDesk",),
    "random_gaps": ("RandomGaps",),
    "recalibrate": ("recalibrated", "venue_figures"),
    "sequential": ("always_valid_p", "best_tau", "confidence_sequence", "log_mixture_ratio",
                   "naive_p"),
    "shapley_values": ("ShapleyValues", "shapley"),
    "stored_attribution": ("measured_attribution",),
    "stored_fixes": ("measured_curve", "measured_fixes", "measured_table"),
    "venue": ("VenueCore", "VenueDay"),
}
_HOME = {name: f"lobsim.sim_to_real.{home}" for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'lobsim.sim_to_real' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
