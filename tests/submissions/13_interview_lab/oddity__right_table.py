# marks: 8
def oddity(quotes, trades, blotter):
    found = evidence(quotes, trades, blotter)
    tests = [("inverted", found["inverted"] > 0.1),
             ("hidden", found["hidden"] > 0.1),
             ("storms", found["storms"] > 2.0),
             ("overshoot", found["trend"] < 0.6),
             ("trend", found["trend"] > 1.7)]
    for name, out in tests:
        if out:
            return name, float(found[name])
    return "drought", float(found["drought"])
