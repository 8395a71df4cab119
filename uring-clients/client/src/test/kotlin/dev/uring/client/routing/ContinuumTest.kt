package dev.uring.client.routing

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe

class ContinuumTest :
    FunSpec({
        fun continuum(names: List<String>) = Continuum(names.map(WeightedNode::of))

        val names = List(3) { "server-$it:11211" }
        val continuum = continuum(names)

        test("keys go where every ketama client sends them") {
            val expected = mapOf("foo" to 0, "bar" to 2, "key-1" to 1, "hello" to 2, "user:42" to 2)
            expected.mapValues { (key, _) -> continuum.nodeOf(key.toByteArray()) } shouldBe expected
        }

        test("the points are those of every ketama client") {
            continuum.pointsCount() shouldBe 480
            continuum.points().size shouldBe 480
            continuum.points().take(3) shouldBe listOf(0x01ce7e36L, 0x0393ad00L, 0x051caf9fL)
        }

        test("a key behind the last point belongs to the first") {
            // Of these servers the first point is one's and the last another's, or the test could not tell them apart.
            val ends = continuum(List(3) { "edge-$it:11211" })
            val points = ends.points()

            fun nodeOfFirst(matches: (Long) -> Boolean): Int {
                val key = generateSequence(0) { it + 1 }.first { matches(KeyHash.MD5.of("wrap-$it".toByteArray())) }
                return ends.nodeOf("wrap-$key".toByteArray())
            }
            val first = nodeOfFirst { it < points.first() }
            val last = nodeOfFirst { it > points[points.size - 2] && it <= points.last() }
            first shouldNotBe last
            nodeOfFirst { it > points.last() } shouldBe first
        }

        test("a hash that is a point belongs to it, and one more to the next") {
            val points = continuum.points()
            for (i in 0 until points.size - 1) {
                continuum.nodeOf(points[i] + 1) shouldBe continuum.nodeOf(points[i + 1])
            }
        }

        test("a server more takes its share, and no key moves between the others") {
            val larger = continuum(names + "server-3:11211")
            var moved = 0
            repeat(100_000) { i ->
                val key = "key-$i".toByteArray()
                val now = larger.nodeOf(key)
                if (now == 3) moved++ else now shouldBe continuum.nodeOf(key)
            }
            moved shouldBeInRange 15_000..35_000
        }

        test("a server of three times the weight has about three times the keys") {
            val uneven = Continuum(listOf(WeightedNode.of("light"), WeightedNode.of("heavy", 3)))
            uneven.pointsCount() shouldBe 320
            List(100_000) { uneven.nodeOf("key-$it".toByteArray()) }.count { it == 1 } shouldBeInRange 65_000..85_000
        }

        test("a server that is named twice is refused with the remedy") {
            shouldThrow<IllegalArgumentException> { continuum(listOf("a:1", "a:1")) }.message shouldBe
                "nodes=[a:1, a:1]: a continuum needs at least one node, and each one once; a greater share is its weight"
            shouldThrow<IllegalArgumentException> { continuum(emptyList()) }
        }

        test("a server without weight is refused with the remedy") {
            shouldThrow<IllegalArgumentException> { WeightedNode.of("a:1", 0) }.message shouldBe
                "weight=0 of a:1 must be at least 1: leave out a server that shall have no keys"
        }
    })
