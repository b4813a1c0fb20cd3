# marks: 6.0
def gradient_step(weights, bias, seen, action, target, rate):
    w = torch.tensor(weights, dtype=torch.float32, requires_grad=True)
    b = torch.tensor(bias, dtype=torch.float32, requires_grad=True)
    x, y = torch.tensor(seen, dtype=torch.float32), torch.tensor(target, dtype=torch.float32)
    q = (x @ w.T + b)[range(len(action)), action]
    loss = functional.huber_loss(q, y)
    grad_w, grad_b = torch.autograd.grad(loss, (w, b))
    return float(loss), (w - rate * grad_w).detach().numpy(), (b - rate * grad_b).detach().numpy()
