# marks: 3.5  mistake: upside_down
def oddity(quotes, trades, blotter):
    found = evidence(quotes, trades, blotter)
    tests = [("hidden", found["hidden"] > 0.1),
             ("inverted", found["inverted"] > 0.1),
             ("storms", found["storms"] > 2.0),
             ("trend", found["trend"] > 1.7),
             ("overshoot", found["trend"] < 0.6)]
    for name, out in tests:
        if out:
            return name, float(1 / found[name])
    return "drought", float(1 / found["drought"])
