# marks: 4
def hops(sent, received, told, heard):
    log = pd.DataFrame({"a": sent, "b": received, "c": told, "d": heard}).query("d > 0")
    log = log.assign(held=log["c"] - log["b"], whole=log["d"] - log["a"])
    log["offset"] = (log["b"] + log["c"] - log["a"] - log["d"]) / 2
    return (log["offset"].median(), (log["whole"] - log["held"]).median(), log["held"].median())
