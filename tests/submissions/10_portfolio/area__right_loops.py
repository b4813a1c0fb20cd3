# marks: 4.0
def area(with_order, without):
    points = 0.0
    for x in with_order:
        for y in without:
            points += 1.0 if x > y else 0.5 if x == y else 0.0
    return points / (len(with_order) * len(without))
