# marks: 5.0
def quotes(mid, inventory, time_left, gamma, sigma, k):
    model = AvellanedaStoikov(gamma, sigma, k)
    bid, ask = model.depths(inventory, time_left)
    return [float(model.reservation_price(mid, inventory, time_left)), mid - bid, mid + ask]
