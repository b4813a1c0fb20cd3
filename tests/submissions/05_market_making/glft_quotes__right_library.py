# marks: 4.0
def glft_quotes(inventory, gamma, sigma, intensity, k):
    if not gamma:
        return [1 / k] * 2
    model = GLFT(gamma, sigma, intensity, k, max_inventory=abs(inventory) + 5)
    bid, ask = model.closed_depths(inventory)
    return float(bid), float(ask)
