# marks: 5.0
def td_targets(reward, terminated, target_next, online_next, gamma, double):
    chooser = online_next if double else target_next
    best = chooser.argmax(axis=1)
    ahead = target_next[np.arange(len(reward)), best]
    return reward + gamma * (1 - terminated) * ahead
