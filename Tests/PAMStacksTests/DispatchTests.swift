import Foundation
import PAMStacks
import Testing

/// Our walk through a stack against libpam's own: random stacks of pam_debug, which returns what it is told.
@Suite(.serialized) struct DispatchTests {
    /// A generator whose stacks are the same each time.
    struct Dice {
        var state: UInt64
        mutating func roll(_ sides: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(sides))
        }
        mutating func pick<Element>(_ choices: [Element]) -> Element { choices[roll(choices.count)] }
    }

    static let results: [PAMResult] = PAMResult.allCases.filter { $0 != .incomplete }
    static let likely: [PAMResult] = [.success, .authenticationError, .ignore, .newTokenRequired, .userUnknown]
    static let actions = ["ignore", "ok", "done", "bad", "die", "reset", "1", "2", "3"]

    static func control(_ dice: inout Dice) -> String {
        let keywords = ["required", "requisite", "sufficient", "optional"]
        guard dice.roll(2) == 0 else { return dice.pick(keywords) }
        var pairs = ["success", "auth_err", "ignore", "new_authtok_reqd", "user_unknown"].filter { _ in
            dice.roll(2) == 0
        }
        .map { "\($0)=\(dice.pick(actions))" }
        if dice.roll(3) > 0 { pairs.insert("default=\(dice.pick(actions))", at: dice.roll(pairs.count + 1)) }
        return "[\(pairs.isEmpty ? "success=ok" : pairs.joined(separator: " "))]"
    }

    /// A file of so many lines, and the files that it includes.
    static func write(_ name: String, in folder: String, depth: Int, _ dice: inout Dice) throws {
        var lines: [String] = []
        for number in 0..<(1 + dice.roll(5)) {
            if depth < 2, dice.roll(6) == 0 {
                let inner = "\(name)-\(number)"
                try write(inner, in: folder, depth: depth + 1, &dice)
                lines.append(dice.pick(["auth include", "auth substack", "@include"]) + " \(folder)/\(inner)")
            } else {
                let result = dice.roll(4) == 0 ? dice.pick(results) : dice.pick(likely)
                lines.append("auth \(control(&dice)) pam_debug.so auth=\(result.rawValue)")
            }
        }
        let text = lines.joined(separator: "\n") + "\n"
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }

    /// What we make of the same files.
    static func outcome(_ folder: String) throws -> PAMResult {
        let tree = StackTree(HostTree(root: "/"))
        let path = "\(folder)/s"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let stack = tree.editing("/etc/pam.d/s", Array(text.utf8)).stack(of: "s")
        var dispatch = Dispatch(stack.steps)
        while dispatch.index < stack.steps.count {
            let step = stack.steps[dispatch.index]
            let told = step.line.arguments.first.map { String($0.dropFirst("auth=".count)) } ?? ""
            dispatch.took(PAMResult(rawValue: told) ?? .permissionDenied, stack.steps)
        }
        return dispatch.outcome
    }

    @Test(arguments: 0..<8) func `goes through a stack as libpam does`(_ series: Int) throws {
        let base = FileManager.default.temporaryDirectory.appendingPathComponent(
            "twostep-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: base, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: base) }
        var dice = Dice(state: UInt64(series) &* 7_919 &+ 17)
        for number in 0..<60 {
            let folder = base.path + "/\(number)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            try Data("auth required pam_deny.so\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/other"))
            try DispatchTests.write("s", in: folder, depth: 0, &dice)
            let theirs = try #require(LibPAM.authenticate(in: folder))
            let ours = try DispatchTests.outcome(folder)
            let text = try String(contentsOfFile: "\(folder)/s", encoding: .utf8)
            #expect(PAMResult.allCases.firstIndex(of: ours).map(Int32.init) == theirs, "\(text)")
        }
    }
}
