# marks: 5.0
def depth_features(seen, levels, weight, bias):
    layer = nn.Conv1d(2, len(bias), weight.shape[2], padding="same").double()
    with torch.no_grad():
        layer.weight[:], layer.bias[:] = torch.as_tensor(weight), torch.as_tensor(bias)
        book = torch.as_tensor(seen[:, -2 * levels:]).double().reshape(-1, 2, levels)
        found = layer(book).relu().flatten(1).numpy()
    count = sum(number.numel() for number in layer.parameters())
    return np.concatenate([seen[:, :-2 * levels], found], axis=1), count
