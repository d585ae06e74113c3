// The floor of a start: a program that loads libtorch_cpu and does nothing with it.
#include <ATen/core/Tensor.h>

int main()
{
    at::Tensor nothing;
    return nothing.defined();
}
