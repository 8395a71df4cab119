package dev.uring.buffer

import dev.uring.base.PoolExhaustedException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.lang.foreign.ValueLayout
import kotlin.random.Random

private const val MIB = 1L shl 20

class BlockPoolTest :
    FunSpec({
        test("a block has at least the bytes asked for, and the next power of two") {
            withPool { pool ->
                for (shift in 8..20) {
                    val size = 1 shl shift
                    for ((asked, capacity) in listOf(size - 1 to size, size to size, size + 1 to size * 2)) {
                        val block = pool.take(asked)
                        block.capacity() shouldBe capacity
                        BlockPool.capacityFor(asked) shouldBe capacity
                        block.release()
                    }
                }
                pool.take(0).capacity() shouldBe BlockPool.BLOCK_BYTES_MIN
            }
        }

        test("the block given back last is taken first") {
            withPool { pool ->
                val first = pool.take(1000)
                val second = pool.take(1000)
                first.release()
                second.release()
                pool.take(1000) shouldBeSameInstanceAs second
                pool.take(600) shouldBeSameInstanceAs first
            }
        }

        test("a block stays until its last holder lets go") {
            withPool { pool ->
                val block = pool.take(300)
                block.retain()
                pool.blocksHeldCount() shouldBe 1
                block.release()
                pool.blocksHeldCount() shouldBe 1
                block.release()
                pool.blocksHeldCount() shouldBe 0
            }
        }

        test("a second release is an error and gives nothing back twice") {
            withPool { pool ->
                val block = pool.take(300)
                block.release()
                shouldThrow<IllegalStateException> { block.release() }.message shouldBe
                    "block released twice, capacity=512"
                shouldThrow<IllegalStateException> { block.retain() }.message shouldBe
                    "retain of a block that nobody holds, capacity=512"
                pool.blocksHeldCount() shouldBe 0
                (pool.take(300) === pool.take(300)) shouldBe false
            }
        }

        test("blocks that are held never share a byte") {
            val seed = System.nanoTime()
            withClue("seed=$seed") {
                val random = Random(seed)
                withPool(bytesMax = 64 * MIB) { pool ->
                    val held = ArrayList<Pair<Block, Byte>>()
                    repeat(5_000) { step ->
                        if (held.size < 60 && random.nextInt(5) < 3) {
                            val block = pool.take(random.nextInt(1, 1 shl random.nextInt(1, 19)))
                            block.fill(step.toByte())
                            held += block to step.toByte()
                        } else if (held.isNotEmpty()) {
                            val (block, value) = held.removeAt(random.nextInt(held.size))
                            block.isFilledWith(value) shouldBe true
                            block.release()
                        }
                    }
                    held.forEach { (block, value) ->
                        block.isFilledWith(value) shouldBe true
                        block.release()
                    }
                    pool.blocksHeldCount() shouldBe 0
                }
            }
        }

        test("at its limit the pool refuses, says by how much, and goes on with what it has") {
            withPool(bytesMax = MIB) { pool ->
                val blocks = List(4) { pool.take(1 shl 18) }
                val refused = shouldThrow<PoolExhaustedException> { pool.take(1 shl 18) }
                refused.message shouldBe
                    """
                    block pool exhausted: wanted=262144 bytes, taken=1048576 bytes, blockPoolBytesMax=1048576 bytes.
                      Likely cause: many connections hold unsent output or unfinished input at once. Raise RuntimeConfig.blockPoolBytesMax, or lower sendQueueBytesMax and frameBytesMax.
                    """.trimIndent()
                refused.blockPoolBytesMax() shouldBe MIB
                pool.exhaustedCount() shouldBe 1
                pool.blocksHeldCount() shouldBe 4
                blocks[2].release()
                pool.take(1 shl 18) shouldBeSameInstanceAs blocks[2]
            }
        }

        test("a block too large for the pool is mapped alone and unmapped at its release") {
            withPool(bytesMax = 8 * MIB) { pool ->
                val block = pool.take(2 * MIB.toInt() + 1)
                block.capacity() shouldBe 4 * MIB
                block.fill(7)
                pool.takenBytes() shouldBe 4 * MIB
                shouldThrow<PoolExhaustedException> { pool.take(4 * MIB.toInt() + 1) }
                block.release()
                pool.takenBytes() shouldBe 0
                shouldThrow<IllegalStateException> { block.memory().get(ValueLayout.JAVA_BYTE, 0) }
                pool.take(8 * MIB.toInt()).release()
            }
        }

        test("closing the pool unmaps what is still held") {
            val pool = BlockPool(64 * MIB)
            val small = pool.take(100)
            val alone = pool.take(2 * MIB.toInt())
            pool.close()
            for (block in listOf(small, alone)) {
                val memory = block.memory()
                shouldThrow<IllegalStateException> { memory.get(ValueLayout.JAVA_BYTE, block.offset()) }
            }
        }

        test("memory that many small blocks have left serves large ones") {
            withPool(bytesMax = 4 * MIB) { pool ->
                val small = List(16 * 1024) { pool.take(256) }
                pool.takenBytes() shouldBe 4 * MIB
                shouldThrow<PoolExhaustedException> { pool.take(1 shl 16) }
                small.forEach { it.release() }
                val large = List(16) { pool.take(1 shl 18) }
                pool.takenBytes() shouldBeLessThanOrEqual 4 * MIB
                large.forEach { it.fill(1) }
                large.forEach { it.release() }
                val again = List(16 * 1024) { pool.take(256) }
                again.forEach { it.release() }
                pool.blocksHeldCount() shouldBe 0
            }
        }

        test("a block larger than any is an error with the bound") {
            shouldThrow<IllegalArgumentException> { BlockPool.capacityFor(BlockPool.BLOCK_BYTES_MAX + 1) }
                .message shouldBe "block of 1073741825 bytes exceeds BLOCK_BYTES_MAX=1073741824"
            BlockPool.capacityFor(BlockPool.BLOCK_BYTES_MAX) shouldBe BlockPool.BLOCK_BYTES_MAX
        }
    })

private fun withPool(
    bytesMax: Long = 16 * MIB,
    block: (BlockPool) -> Unit,
) = BlockPool(bytesMax).use(block)

private fun Block.fill(value: Byte) {
    memory().asSlice(offset(), capacity().toLong()).fill(value)
}

private fun Block.isFilledWith(value: Byte): Boolean {
    val bytes = memory().asSlice(offset(), capacity().toLong())
    return (0 until capacity()).all { bytes.get(ValueLayout.JAVA_BYTE, it.toLong()) == value }
}
