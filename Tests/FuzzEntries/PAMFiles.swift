import PAMStacks

/// Files of /etc/pam.d: a line is written again as it was read, and what the review says to write can be written.
///
/// The input is the file of sshd, that of common-auth and that of `other`, with a zero byte between them.
enum PAMFiles {
    static func run(_ bytes: [UInt8]) throws(Violation) {
        let places = ["/etc/pam.d/sshd", "/etc/pam.d/common-auth", "/etc/pam.d/other"]
        let files = Dictionary(zip(places, parts(of: bytes)), uniquingKeysWith: { first, _ in first })
        for (path, contents) in files { try judge(StackFile(path: path, bytes: contents)) }
        // Longer ones are walked by nobody: the review's work grows with the square of a stack.
        guard bytes.count <= 2048 else { return }
        let tree = StackTree(MadeUpTree(files: files))
        for group in [ManagementGroup.auth, .account] {
            let stack = tree.stack(of: "sshd", group)
            try promise(stack.failure == nil || !(stack.failure?.reason.isEmpty ?? true), "no reason for a failure")
            for step in stack.steps {
                try promise(files[step.path] != nil, "a step of \(step.path), which is not there")
                try promise(step.via.count <= 32, "\(step.via.count) files in each other")
            }
        }
        let found = StackReview(tree, exempts: { _ in true }, needsEvidence: { _ in true }).findings(of: "sshd")
        for finding in found {
            try promise(!finding.found.isEmpty, "found, and nothing said")
            guard let mend = finding.mend, let path = mend.path else { continue }
            guard let after = mend.applied(to: files[path]) else {
                throw Violation("\(mend) is to be written where it cannot be")
            }
            // What was promised of it: the finding is gone.
            let mended = StackReview(
                tree.editing(path, after), exempts: { _ in true }, needsEvidence: { _ in true })
            let left = mended.findings(of: "sshd").filter { $0.severity != .advice }
            try promise(
                left.count < found.count { $0.severity != .advice } || finding.severity == .advice,
                "\(mend) makes nothing good of \(finding.found)")
        }
    }

    private static func judge(_ file: StackFile) throws(Violation) {
        var previous = 0
        for line in file.lines {
            try promise(line.lines.lowerBound > previous, "line \(line.lines) after line \(previous)")
            previous = line.lines.upperBound
            try promise(file.text(ofLine: previous) != nil, "there is no line \(previous)")
            let text = line.text(replacing: [:])
            // What is no UTF-8 is shown with marks in its place; a carriage return at an end, and blanks at the end of a
            // bracket that nothing closes, are written by no mend.
            let physical = line.lines.compactMap { file.text(ofLine: $0) }.joined()
            let isOpen = physical.contains("[") && physical.last { $0 == "[" || $0 == "]" } == "["
            guard !text.contains("\u{FFFD}"), !physical.utf8.contains(0x0D), !isOpen else { continue }
            let again = StackFile(path: file.path, bytes: Array(text.utf8)).lines
            try promise(again.count == 1, "\(text.debugDescription) is read as \(again.count) lines")
            try promise(
                again.first?.content == line.content && again.first?.group == line.group,
                "\(text.debugDescription) is read as \(String(describing: again.first?.content)), not \(line.content)")
        }
    }
}
