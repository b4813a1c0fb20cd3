# marks: 4.0  mistake: divided_by_zero
def quotes(mid, inventory, time_left, gamma, sigma, k):
    weight = gamma * sigma**2 * time_left
    reservation = mid - inventory * weight
    half = weight / 2 + math.log(1 + gamma / k) / gamma
    return reservation, reservation - half, reservation + half
