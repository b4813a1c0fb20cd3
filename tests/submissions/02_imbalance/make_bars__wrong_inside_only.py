# marks: 0.0  mistake: inside_only
def make_bars(time_s, mid, flow, obi, edges):
    number = np.searchsorted(edges, time_s, side="left") - 1
    move, ofi, opening = np.zeros((3, len(edges) - 1))
    for k in range(len(move)):
        inside = np.flatnonzero(number == k)
        if len(inside):
            move[k] = mid[inside[-1]] - mid[inside[0]]
            ofi[k] = flow[inside].sum()
            opening[k] = obi[inside[0]]
    return move, ofi, opening
