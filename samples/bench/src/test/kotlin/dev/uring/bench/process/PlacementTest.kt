package dev.uring.bench.process

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly

class PlacementTest :
    FunSpec({
        test("the kernel's CPU lists are read with ranges and single numbers") {
            Placement.parseCpuList("0-2,5,7-8") shouldContainExactly listOf(0, 1, 2, 5, 7, 8)
            Placement.parseCpuList("3") shouldContainExactly listOf(3)
        }
    })
