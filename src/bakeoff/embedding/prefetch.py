"""A hint to the processor that a row of a table is wanted soon: it changes no value, only the wait for memory."""

# mypy: disable-error-code="no-untyped-call"

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

LINE = 64  # bytes that a processor fetches at once
READ, KEEP, DATA = 0, 3, 1  # LLVM's arguments: for reading, into every cache, of data


def prefetch(width: int) -> Any:
    """A compiled function that fetches row `row` of a table of float32, (V, width)."""
    size, word = ir.IntType(64), ir.IntType(32)
    address = ir.IntType(8).as_pointer()
    hint = ir.FunctionType(ir.VoidType(), [address, word, word, word])

    @intrinsic
    def fetch(_typing: Any, table: Any, _row: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array = make_array(signature.args[0])(context, builder, arguments[0])
            start = builder.add(
                builder.ptrtoint(array.data, size),
                builder.mul(arguments[1], cgutils.unpack_tuple(builder, array.strides)[0]),
            )
            function = cgutils.get_or_insert_function(builder.module, hint, "llvm.prefetch.p0")
            for offset in range(0, 4 * width, LINE):
                place = builder.inttoptr(builder.add(start, size(offset)), address)
                builder.call(function, [place, word(READ), word(KEEP), word(DATA)])
            return context.get_dummy_value()

        return types.void(table, types.int64), generate

    return fetch
