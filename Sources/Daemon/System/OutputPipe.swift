import Glibc

/// A pipe for what a program says. No program inherits an end of it but the one that it is given to.
package struct OutputPipe: ~Copyable {
    package let reading: Int32
    /// Closed by `closeWriting`, without which there is no end to what is read.
    package let writing: Int32
    private var isOpen = true

    private init(reading: Int32, writing: Int32) {
        self.reading = reading
        self.writing = writing
    }

    package static func make() throws(ProgramFailure) -> OutputPipe {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw ProgramFailure(code: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return OutputPipe(reading: ends[0], writing: ends[1])
    }

    deinit {
        close(reading)
        if isOpen { close(writing) }
    }

    /// Leaves the end for writing to the program.
    package mutating func closeWriting() {
        guard isOpen else { return }
        isOpen = false
        close(writing)
    }
}
