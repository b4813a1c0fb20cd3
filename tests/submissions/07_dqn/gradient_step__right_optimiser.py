# marks: 6.0
def gradient_step(weights, bias, seen, action, target, rate):
    layer = nn.Linear(seen.shape[1], len(bias), dtype=torch.float64)
    layer.load_state_dict({"weight": torch.tensor(weights), "bias": torch.tensor(bias)})
    descent = torch.optim.SGD(layer.parameters(), lr=rate)
    taken = layer(torch.tensor(seen)).gather(1, torch.tensor(action)[:, None])[:, 0]
    loss = nn.SmoothL1Loss()(taken, torch.tensor(target))
    loss.backward()
    descent.step()
    return loss.item(), layer.weight.detach().numpy(), layer.bias.detach().numpy()
