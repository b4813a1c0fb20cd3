# marks: 5.0
def quotes(mid, inventory, time_left, gamma, sigma, k):
    def worth(q):
        return q * mid - gamma * q**2 * sigma**2 * time_left / 2
    lowest = worth(inventory + 1) - worth(inventory)   # pays for one more
    highest = worth(inventory) - worth(inventory - 1)  # asks for one less
    extra = np.log1p(gamma / k) / gamma if gamma else 1 / k
    return (lowest + highest) / 2, lowest - extra, highest + extra
