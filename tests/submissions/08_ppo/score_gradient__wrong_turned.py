# marks: 0.0  mistake: turned
def score_gradient(logits, actions, rewards, baseline):
    pi = np.exp(logits - np.max(logits))
    pi /= pi.sum()
    terms = np.array([(r - baseline) * (pi - np.eye(len(pi))[a]) for a, r in zip(actions, rewards)])
    return terms.mean(axis=0), terms.var(axis=0, ddof=1).sum()
