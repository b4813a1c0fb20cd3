# marks: 0.0  mistake: always_single
def td_targets(reward, terminated, target_next, online_next, gamma, double):
    chooser = target_next
    best = chooser.argmax(axis=1)
    ahead = target_next[np.arange(len(reward)), best]
    return reward + gamma * (1 - terminated) * ahead
