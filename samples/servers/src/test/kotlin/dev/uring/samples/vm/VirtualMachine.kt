package dev.uring.samples.vm

import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.io.path.Path
import kotlin.io.path.div
import kotlin.io.path.exists
import kotlin.io.path.isExecutable
import kotlin.io.path.readLines
import kotlin.time.Duration

/**
 * A machine that qemu emulates in software, with NVMe disks and nothing else: no network, no screen, no disk of the
 * host but the files it is given.
 */
internal class VirtualMachine(
    private val tools: Tools,
    private val folder: Path,
) {
    /** A file as an NVMe namespace. */
    class Disk(
        val file: Path,
        val namespace: Int,
        val blockBytes: Int,
    )

    /**
     * Boots, waits until it has switched itself off, and returns the lines of its console.
     *
     * @param within how long it may take; more is a failure that shows what the console said so far
     */
    fun run(
        initramfs: Path,
        disks: List<Disk>,
        within: Duration,
    ): List<String> {
        val console = folder / "console"
        val process =
            ProcessBuilder(
                command(initramfs, disks),
            ).redirectErrorStream(true).redirectOutput(console.toFile()).start()
        val ended =
            try {
                process.waitFor(within.inWholeSeconds, TimeUnit.SECONDS)
            } finally {
                process.destroyForcibly()
            }
        val lines = console.readLines().map { it.trimEnd('\r') }
        check(ended && process.exitValue() == 0) {
            val how = if (ended) "ended with ${process.exitValue()}" else "did not end within $within"
            "the virtual machine $how; its console:\n" + lines.joinToString("\n")
        }
        return lines
    }

    private fun command(
        initramfs: Path,
        disks: List<Disk>,
    ): List<String> =
        buildList {
            add("${tools.qemu}")
            addAll(listOf("-machine", "q35", "-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", "1G"))
            addAll(listOf("-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot"))
            addAll(listOf("-kernel", "${tools.kernel}", "-initrd", "$initramfs"))
            // Silent but for a panic, which ends the machine at once: nothing of the kernel's shall come between two
            // words of the program. Its clock is the host's: each look at one of the emulated timers is a slow one.
            addAll(listOf("-append", "console=ttyS0 loglevel=1 panic=-1 clocksource=tsc tsc=reliable mitigations=off"))
            addAll(listOf("-device", "nvme,id=nvme,serial=uring"))
            disks.forEachIndexed { i, disk ->
                addAll(listOf("-drive", "if=none,id=disk$i,format=raw,file=${disk.file}"))
                val blocks = "logical_block_size=${disk.blockBytes},physical_block_size=${disk.blockBytes}"
                addAll(listOf("-device", "nvme-ns,bus=nvme,drive=disk$i,nsid=${disk.namespace},$blocks"))
            }
        }

    /** What must be there; see `.ci/vm-kernel` for the kernel. */
    class Tools private constructor(
        val qemu: Path,
        val kernel: Path,
        val busybox: Path,
    ) {
        companion object {
            /** The tools, or why there is no virtual machine here. */
            fun find(root: Path): Result<Tools> =
                runCatching {
                    check(
                        System.getProperty("os.arch") == "amd64",
                    ) { "the virtual machine's Java is this one, and must be of amd64" }
                    val kernel = root / "target/vm/vmlinuz"
                    Tools(
                        program("qemu-system-x86_64", "qemu-system-x86"),
                        kernel.also { check(it.exists()) { "there is no $it: run .ci/vm-kernel, which downloads it" } },
                        program("busybox", "busybox-static"),
                    )
                }

            private fun program(
                name: String,
                debianPackage: String,
            ): Path =
                System
                    .getenv("PATH")
                    .split(':')
                    .map { Path(it) / name }
                    .firstOrNull { it.isExecutable() }
                    ?: error("$name is not installed (Debian: apt-get install $debianPackage)")
        }
    }
}
