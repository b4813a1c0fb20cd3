# marks: 6.0
def clipped_surrogate(log_new, log_old, advantages, clip):
    new = torch.tensor(np.array(log_new, float), requires_grad=True)
    gain = torch.as_tensor(np.array(advantages, float))
    ratio = torch.exp(new - torch.as_tensor(np.array(log_old, float)))
    held = torch.clamp(ratio, 1 - clip, 1 + clip)
    objective = torch.min(ratio * gain, held * gain)
    objective.mean().backward()
    return objective.mean().item(), new.grad.numpy()
