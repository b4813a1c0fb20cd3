# marks: 6.0
def ladder(twap, passive, blind, agent):
    costs = [np.tile(twap, (len(agent), 1)), np.tile(passive, (len(agent), 1)), blind, agent]
    found = []
    for before, after in zip(costs, costs[1:]):
        d = pd.DataFrame(before - after)
        S, E = d.shape
        own = d.sub(d.mean(axis=1), axis=0).sub(d.mean(axis=0), axis=1) + d.to_numpy().mean()
        episodes = d.mean(axis=0).var() / E
        agents = d.mean(axis=1).var() / S if S > 1 else 0.0
        both = (own**2).to_numpy().sum() / max((S - 1) * (E - 1), 1) / (S * E)
        found.append((d.to_numpy().mean(), max(agents + episodes - both, episodes) ** 0.5))
    return found
