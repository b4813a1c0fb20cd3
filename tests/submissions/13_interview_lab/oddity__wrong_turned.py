# marks: 1.3333  mistake: another
def oddity(quotes, trades, blotter):
    found = evidence(quotes, trades, blotter)
    tests = [("hidden", found["hidden"] > 0.1),
             ("inverted", found["inverted"] > 0.1),
             ("storms", found["storms"] > 2.0),
             ("trend", found["trend"] < 0.6),
             ("overshoot", found["trend"] > 1.7)]
    for name, out in tests:
        if out:
            return name, float(found[name])
    return "drought", float(found["drought"])
