# marks: 4.0
def countable(trades):
    out = []
    for condition, correction, price, size in zip(
        trades["condition"], trades["correction"], trades["price"], trades["size"]
    ):
        fine = correction == "00" and price > 0 and size > 0
        for letter in condition:
            if letter in EXCLUDED:
                fine = False
        out.append(fine)
    return out
