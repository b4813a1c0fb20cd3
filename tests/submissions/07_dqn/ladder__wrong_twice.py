# marks: 0.0  mistake: counted_twice
def ladder(twap, passive, blind, agent):
    S, E = agent.shape
    rows = []
    for worse, better in ((twap, passive), (passive, blind), (blind, agent)):
        d = np.zeros((S, E)) + worse - better
        ms = d.mean(axis=1, keepdims=True)
        me = d.mean(axis=0, keepdims=True)
        ve = me.var(ddof=1) / E
        if S > 1:
            vs = ms.var(ddof=1) / S
            vse = ((d - ms - me + d.mean()) ** 2).sum() / ((S - 1) * (E - 1)) / (S * E)
            v = max(vs + ve, ve)
        else:
            v = ve
        rows.append([d.mean(), np.sqrt(v)])
    return np.array(rows)
