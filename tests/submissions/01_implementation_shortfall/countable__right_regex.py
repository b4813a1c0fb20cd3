# marks: 4.0
def countable(trades):
    pattern = "[" + "".join(EXCLUDED) + "]"
    bad = trades["condition"].str.contains(pattern)
    return ~bad & (trades["correction"] == "00") & (trades["price"] > 0) & (trades["size"] > 0)
