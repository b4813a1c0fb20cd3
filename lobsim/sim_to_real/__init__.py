"""From the simulator to the live venue: drift tests and A/B tests.

.. code-block:: python

    from lobsim.sim_to_real import ab_test, drift_text, find_drift
    print(drift_text(find_drift(simulated, live, actions=["action"], episode="episode")))
    ab_test(orders, "cost_bps", tau=1.0).verdict
"""

from importlib import import_module

_HOMES = {
    "ab_assignment": ("Assigner", "Balance", "balance"),
    "ab_picture": ("ab_plot",),
    "ab_experiment": ("ABResult", "ab_test", "adjusted", "stratified_difference"),
    "blocks": ("BlockLength", "Pool", "block_length"),
    "bounded_sequence": ("bounded_confidence_sequence",),
    "drift_report": ("drift_columns_plot", "drift_evidence_plot", "drift_text"),
    "drift_statistics": ("classifier_auc", "ks_statistic", "median_distance", "mmd2", "psi",
                         "psi_edges"),
    "drift_tests": ("DriftResult", "benjamini_hochberg", "find_drift", "holm"),
    "group_sequential": ("crossing_probability", "group_sequential_bounds"),
    "sequential": ("always_valid_p", "best_tau", "confidence_sequence", "log_mixture_ratio",
                   "naive_p"),
}
_HOME = {name: f"lobsim.sim_to_real.{home}" for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'lobsim.sim_to_real' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
