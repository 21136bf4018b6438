"""Works net.py in PyTorch, and writes its weights (weights.pt), outputs and gradients (torch-2.13.npz)."""

from pathlib import Path

import numpy as np
import torch
from net import Net

HERE = Path(__file__).parent
torch.manual_seed(1)
net = Net().eval()
for module in net.modules():
    if isinstance(module, torch.nn.BatchNorm2d):
        module.running_mean.normal_()
        module.running_var.uniform_(0.5, 2)
        module.weight.data.uniform_(0.5, 2)
        module.bias.data.normal_()
outputs = {}
for name, module in net.named_modules():
    if not list(module.children()):
        module.register_forward_hook(lambda _, __, y, name=name: outputs.__setitem__(name, y.detach().numpy()))
x = torch.randn(2, 3, 30, 26, requires_grad=True)
output = net(x)
loss = torch.nn.functional.nll_loss(output, torch.tensor([1, 3]))
loss.backward()
gradients = {f"gradient of {name}": tensor.grad.numpy() for name, tensor in net.named_parameters()}
gradients["gradient of input"] = x.grad.numpy()
outputs["output"] = output.detach().numpy()
torch.save(net.state_dict(), HERE / "weights.pt")
np.savez_compressed(HERE / "torch-2.13.npz", input=x.detach().numpy(), loss=loss.item(), **outputs, **gradients)
