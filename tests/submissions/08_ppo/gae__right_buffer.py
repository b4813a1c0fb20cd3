# marks: 7.0
def gae(rewards, values, starts, last_values, last_done, cut_values, gamma, lam):
    from stable_baselines3.common.buffers import RolloutBuffer
    steps, envs = rewards.shape
    box = gymnasium.spaces.Box(-1, 1, (1,))
    buffer = RolloutBuffer(steps, box, box, device="cpu", gae_lambda=lam, gamma=gamma, n_envs=envs)
    buffer.rewards = np.array(rewards + gamma * cut_values)
    buffer.values, buffer.episode_starts = np.array(values), np.array(starts, float)
    buffer.advantages = np.zeros((steps, envs))
    buffer.compute_returns_and_advantage(torch.as_tensor(np.array(last_values)),
                                         np.array(last_done))
    return buffer.advantages, buffer.returns
