package dev.uring.bench.process

/** The command line of a JVM that is measured: the harness's own JDK and class path, the same flags for every subject. */
object JavaCommand {
    private val executable = "${System.getProperty("java.home")}/bin/java"

    /**
     * Flags of every measured JVM.
     *
     * The serial collector, because one core gets it by default and its barriers are the cheapest; a fixed heap, so that
     * no round pays for growing it; compiler threads that stay, because the CPU time of an ended thread leaves
     * `/proc/PID/task` with it.
     */
    val FLAGS =
        listOf(
            "-Xms512m",
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "-XX:-UseDynamicNumberOfCompilerThreads",
            "--enable-native-access=ALL-UNNAMED",
        )

    /** What Netty's users set for speed: direct access to Unsafe, no leak detection, no accessibility or bounds checks. */
    val NETTY_FLAGS =
        listOf(
            "--sun-misc-unsafe-memory-access=allow",
            "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
            "--add-opens=java.base/java.nio=ALL-UNNAMED",
            "-Dio.netty.tryReflectionSetAccessible=true",
            "-Dio.netty.leakDetection.level=disabled",
            "-Dio.netty.buffer.checkAccessible=false",
            "-Dio.netty.buffer.checkBounds=false",
        )

    /** Runs [mainClass] on this JVM's class path. */
    fun of(
        mainClass: String,
        flags: List<String> = FLAGS,
        arguments: List<String> = emptyList(),
        classPath: String = System.getProperty("java.class.path"),
    ): List<String> = listOf(executable) + flags + listOf("-cp", classPath, mainClass) + arguments
}
