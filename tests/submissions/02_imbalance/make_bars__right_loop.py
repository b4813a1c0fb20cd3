# marks: 5.0
def make_bars(time_s, mid, flow, obi, edges):
    move, ofi, obi_start = [], [], []
    for left, right in zip(edges[:-1], edges[1:]):
        first = np.flatnonzero(time_s <= left)[-1]
        last = np.flatnonzero(time_s <= right)[-1]
        move.append(mid[last] - mid[first])
        ofi.append(sum(flow[first + 1 : last + 1]))
        obi_start.append(obi[first])
    return move, ofi, obi_start
