# marks: 0.5  mistake: first_letter_only
def countable(trades):
    regular = ~trades["condition"].str[:1].isin(EXCLUDED)
    return regular & (trades["correction"] == "00") & (trades["price"] > 0) & (trades["size"] > 0)
