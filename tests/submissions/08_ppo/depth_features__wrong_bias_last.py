# marks: 0.0  mistake: bias_last
def depth_features(seen, levels, weight, bias):
    book = torch.as_tensor(seen[:, -2 * levels:].reshape(-1, 2, levels))
    found = nn.functional.conv1d(book, torch.as_tensor(weight), padding=weight.shape[2] // 2)
    found = torch.relu(found).numpy() + bias[:, None]
    plain = seen[:, :-2 * levels]
    return np.hstack([plain, found.reshape(len(seen), -1)]), weight.size + bias.size
