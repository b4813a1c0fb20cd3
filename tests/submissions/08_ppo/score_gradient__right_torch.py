# marks: 5.0
def score_gradient(logits, actions, rewards, baseline):
    terms = []
    for action, reward in zip(actions, rewards):
        theta = torch.tensor(np.array(logits, float), requires_grad=True)
        torch.log_softmax(theta, dim=0)[int(action)].backward()
        terms.append((reward - baseline) * theta.grad.numpy())
    terms = np.array(terms)
    return terms.mean(axis=0), sum(np.var(column, ddof=1) for column in terms.T)
