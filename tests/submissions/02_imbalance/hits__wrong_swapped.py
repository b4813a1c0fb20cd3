# marks: 0.0  mistake: swapped
def hits(mid, obi):
    states, votes, direction = [], [], 0
    for i in range(len(mid) - 2, -1, -1):
        step = mid[i + 1] - mid[i]
        if step != 0:
            direction = np.sign(step)
        if direction != 0 and obi[i] != 0:
            states.append(np.sign(obi[i]) == direction)
            if step != 0:
                votes.append(states[-1])
    shares = [float(np.mean(v)) if v else float("nan") for v in (votes, states)]
    return tuple(shares)
