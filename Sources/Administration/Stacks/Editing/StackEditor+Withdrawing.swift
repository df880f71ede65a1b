import AdminProtocol
import PAMStacks

/// Takes our lines out of a service's file. What is written is proved first (`Withdrawal`): of the ways to write the file
/// without them the first that lets the same people in.
extension StackEditor {
    /// Above what stands in the place of our line.
    static let remarkOfPlace = "# The line of Twostep stood here. Lines above count the one below, so there is one."

    /// Does nothing, and is counted. `optional` would speak for people whom nothing has asked.
    private static let ignored = "[default=ignore]  pam_permit.so"
    /// Speaks for whoever has come here, as our line did.
    private static let permitted = "required     pam_permit.so"

    /// Why our lines cannot go.
    struct Obstacle: Error, Equatable {
        let reason: String
        let remedy: String
    }

    /// The file without our lines; nil where it has none. Throws where the rest would mean something else.
    ///
    /// `original`: the file as it was before our line came, for lines of it that somebody has taken out since.
    func disabling(
        _ file: StackFile, service: String, original: [UInt8]? = nil
    ) throws(CommandFailure) -> [UInt8]? {
        do throws(Obstacle) {
            return try withdrawing(from: file, service: service, original: original)
        } catch {
            throw CommandFailure(
                .refused, code: .stack, "\(error.reason) Nothing was changed.", hint: error.remedy)
        }
    }

    /// The same, for whoever has something else to say of it.
    func withdrawing(from file: StackFile, service: String, original: [UInt8]?) throws(Obstacle) -> [UInt8]? {
        let ours = file.lines.filter { $0.module == "pam_twostep.so" }
        guard !ours.isEmpty else { return nil }
        let groups = Set(ours.compactMap(\.group))
        let counting = file.lines.filter { line in
            line.group.map(groups.contains) ?? false && (line.control?.jumps ?? false)
        }
        var objection: String?
        for bytes in drafts(file, ours, counting: Set(counting.compactMap(\.group)), service, original) {
            objection = self.objection(to: bytes, file, groups, service, counting: Set(counting.compactMap(\.group)))
            if objection == nil { return bytes }
        }
        let line = ours[0].lines.lowerBound
        guard let first = counting.first else {
            throw Obstacle(
                reason: "Without its line \(line) \(file.path) would not hold: \(objection ?? "it would be empty").",
                remedy: "Write into it what is to be asked for, such as: @include common-auth")
        }
        throw Obstacle(
            reason: "\(file.path):\(first.lines.lowerBound) counts the lines that it passes over, so none is taken out "
                + "there: \(objection ?? "it would be empty").",
            remedy: "Edit \(file.path) by hand: take out line \(line), and make the counts right.")
    }

    // MARK: What may be written

    /// The ways to write it, the plainest first.
    private func drafts(
        _ file: StackFile, _ ours: [StackLine], counting: Set<ManagementGroup>, _ service: String,
        _ original: [UInt8]?
    ) -> [[UInt8]] {
        let source = StackEditor.split(file.bytes)
        let mark = Array(StackEditor.silenced.utf8)
        let silenced = source.indices.filter { source[$0].starts(with: mark) }
        var spoken = source
        for index in silenced { spoken[index].removeFirst(mark.count) }
        if counting.isEmpty {
            let plain = StackEditor.replacing(ours, in: spoken, service) { _ in [] }
            let lost = silenced.isEmpty ? lostChecks(of: file, original) : []
            guard !lost.isEmpty else { return [plain] }
            // Before the plainest: without them the lines of the service "other" may count.
            return [StackEditor.replacing(ours, in: spoken, service) { $0.group == .auth ? lost : [] }, plain]
        }
        var drafts: [[UInt8]] = []
        for control in [StackEditor.ignored, StackEditor.permitted] {
            for lines in [StackEditor.quieting(ours, in: spoken), spoken] {
                drafts.append(
                    StackEditor.replacing(ours, in: lines, service) { line in
                        guard let group = line.group, counting.contains(group) else { return [] }
                        return [StackEditor.remarkOfPlace, "\(group.rawValue)       \(control)"]
                    })
            }
        }
        // What was silenced may take the very place: one line for one.
        let asking =
            silenced.isEmpty
            ? lostChecks(of: file, original)
            : silenced.map { String(decoding: spoken[$0], as: UTF8.self) }
        if asking.count == 1, let one = StackEditor.countedOnce(asking[0]), ours.count == 1 {
            var lines = source
            for index in silenced { lines[index] = Array("# Further down: ".utf8) + spoken[index] }
            drafts.append(StackEditor.replacing(ours, in: lines, service) { _ in [one] })
        }
        return drafts
    }

    /// Lines with others in the place of ours, and without the remarks about those, wherever somebody has put them.
    private static func replacing(
        _ ours: [StackLine], in lines: [[UInt8]], _ service: String, with others: (StackLine) -> [String]
    ) -> [UInt8] {
        let remarks = [remark(service), remark(ServiceGroup.name(of: service))]
        var taken = Set(ours.flatMap(\.lines))
        for (index, line) in lines.enumerated() where remarks.contains(String(decoding: line, as: UTF8.self)) {
            taken.insert(index + 1)
        }
        var written: [[UInt8]] = []
        for (index, line) in lines.enumerated() {
            if let mine = ours.first(where: { $0.lines.lowerBound == index + 1 }) {
                written += others(mine).map { Array($0.utf8) }
            }
            if !taken.contains(index + 1) { written.append(line) }
        }
        return join(written)
    }

    /// The line that `enable` has written for those to land on who pass ours by: alone it would speak for everybody.
    private static func quieting(_ ours: [StackLine], in lines: [[UInt8]]) -> [[UInt8]] {
        let own = StackShape.console.lines.map { Array($0.utf8) }
        var lines = lines
        for line in ours where line.lines.lowerBound > 1 && lines.indices.contains(line.lines.upperBound) {
            let (above, below) = (line.lines.lowerBound - 2, line.lines.upperBound)
            guard lines[above] == own.first, lines[below] == own.last else { continue }
            lines[below] = Array("auth       \(ignored)".utf8)
        }
        return lines
    }

    /// The lines that checked a password before `enable` silenced them, and that somebody has taken out since.
    private func lostChecks(of file: StackFile, _ original: [UInt8]?) -> [String] {
        guard let original else { return [] }
        let before = StackFile(path: file.path, bytes: original)
        guard !file.lines.contains(where: { checksPassword($0, depth: 0) }) else { return [] }
        return before.lines.filter { checksPassword($0, depth: 0) }.flatMap { line in
            line.lines.compactMap { before.text(ofLine: $0) }
        }
    }

    /// A line that asks what this one asks, and is one to whoever counts; nil where there is none.
    private static func countedOnce(_ text: String) -> String? {
        guard let line = StackFile(path: "", bytes: Array(text.utf8)).lines.first else { return nil }
        return switch line.content {
        case .wholeFile(let name), .include(let name): "auth       substack     \(name)"
        case .module, .substack: text
        case .broken: nil
        }
    }

    // MARK: Whether it holds

    /// Why the file may not be written so; nil where it may.
    private func objection(
        to bytes: [UInt8], _ file: StackFile, _ groups: Set<ManagementGroup>, _ service: String,
        counting: Set<ManagementGroup>
    ) -> String? {
        let before = tree.editing(file.path, file.bytes)
        let after = tree.editing(file.path, bytes)
        if groups.contains(.auth), StackEditor.asksNothing(after, service) { return "it would ask for nothing at all" }
        for group in [.auth] + ManagementGroup.allCases.filter({ $0 != .auth && counting.contains($0) })
        where groups.contains(group) {
            let stacks = (before.stack(of: service, group), after.stack(of: service, group))
            // Of a file that is nobody's service nothing can be told.
            guard stacks.0.isGuarded else { continue }
            let isProvedBefore = service == "sshd" && group == .auth && !stacks.0.asksBefore
            switch Withdrawal(from: stacks.0, to: stacks.1, losesProof: isProvedBefore).verdict {
            case .sound: continue
            case .unsound(let reason): return reason
            // Where no line counts, the others stay as they are.
            case .unproved(let reason): if counting.contains(group) { return reason }
            }
        }
        return nil
    }

    /// Whether nothing in the stack checks anything: it would refuse everybody, or let everybody in.
    private static func asksNothing(_ tree: StackTree, _ service: String) -> Bool {
        !tree.stack(of: service).steps.contains { step in
            step.kind == .module
                && ![
                    "pam_permit.so", "pam_deny.so", "pam_nologin.so", "pam_faildelay.so", "pam_env.so", "pam_group.so",
                ]
                .contains(step.line.module ?? "")
        }
    }
}
