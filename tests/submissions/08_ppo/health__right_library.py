# marks: 4.0
def health(log_new, log_old, clip, values, returns):
    from stable_baselines3.common.utils import explained_variance as explained_of
    log_ratio = torch.as_tensor(log_new - log_old)
    kl = ((torch.exp(log_ratio) - 1) - log_ratio).mean().item()
    far = ((torch.exp(log_ratio) - 1).abs() > clip).double().mean().item()
    return kl, far, float(explained_of(values, returns))
