# marks: 0.0  mistake: mixed
def score_gradient(logits, actions, rewards, baseline):
    chance = np.exp(logits - logits.max())
    chance /= chance.sum()
    terms = (rewards - baseline)[:, None] * (np.eye(len(logits))[actions] - chance)
    return terms.mean(axis=0), terms.var(ddof=1)
