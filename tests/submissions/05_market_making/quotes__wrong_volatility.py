# marks: 0.0  mistake: not_squared
def quotes(mid, inventory, time_left, gamma, sigma, k):
    weight = gamma * sigma * time_left
    reservation = mid - inventory * weight
    if gamma > 0:
        spread = weight + 2 / gamma * math.log(1 + gamma / k)
    else:
        spread = 2 / k
    return reservation, reservation - spread / 2, reservation + spread / 2
