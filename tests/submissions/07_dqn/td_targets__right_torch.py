# marks: 5.0
def td_targets(reward, terminated, target_next, online_next, gamma, double):
    told = torch.tensor(target_next, dtype=torch.float32)
    if double:
        best = torch.tensor(online_next, dtype=torch.float32).argmax(dim=1, keepdim=True)
        ahead = told.gather(1, best).squeeze(1)
    else:
        ahead = told.max(dim=1).values
    ahead[torch.tensor(terminated)] = 0.0
    return (torch.tensor(reward, dtype=torch.float32) + gamma * ahead).numpy()
