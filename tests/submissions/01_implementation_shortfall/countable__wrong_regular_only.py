# marks: 0.5  mistake: regular_sign_only
def countable(trades):
    regular = trades["condition"].str.strip() == "@"
    return regular & (trades["correction"] == "00") & (trades["price"] > 0) & (trades["size"] > 0)
