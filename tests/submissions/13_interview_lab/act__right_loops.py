# marks: 12
def act(seen, desk):
    orders = []
    for day in seen.itertuples(index=False):
        if day.decision >= 59 or day.shares_left == 0:
            orders.append([day.shares_left, 0, 0])
            continue
        order = day.shares_left / day.left
        done = order - day.shares_left
        late = max(0.0, order * (day.decision - 4) / 60 - done)
        if day.decision == 58:
            late = max(late, day.shares_left / 2)
        soon = max(0.0, order * min(day.decision + 5, 60) / 60 - done - late)
        orders.append([round(late), 0, round(soon)])
    return np.array(orders, dtype=float)
