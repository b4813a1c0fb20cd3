# marks: 5
def shapley(value):
    from itertools import permutations

    n = int(round(math.log2(len(value))))
    total, orders = np.zeros(n), list(permutations(range(n)))
    for order in orders:
        on = 0
        for i in order:
            total[i] += value[on + 2**i] - value[on]
            on += 2**i
    return total / len(orders)
