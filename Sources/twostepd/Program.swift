import Administration
import ArgumentParser
import Daemon

/// One executable is both programs, told apart by the name it was started under.
@main
struct Program {
    static func main() {
        if CommandLine.arguments.first?.split(separator: "/").last == "twostepd" {
            DaemonCommand.main()
        } else {
            AdministrationCommand.runProgram()
        }
    }
}
