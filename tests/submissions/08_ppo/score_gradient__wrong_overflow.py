# marks: 4.0
def score_gradient(logits, actions, rewards, baseline):
    pi = np.exp(logits) / np.exp(logits).sum()
    terms = (rewards - baseline)[:, None] * (np.eye(len(pi))[actions] - pi)
    return terms.mean(axis=0), terms.var(axis=0, ddof=1).sum()
