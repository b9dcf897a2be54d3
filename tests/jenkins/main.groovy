// The local executor of Jenkins files for the tests; groovy main.groovy REQUEST ANSWER, both JSON.
//
//     {"trees": [path, ...]}         what stands in Groovy files, as data
//     {"jobs": path, "given": {}}    the jobs that a Job DSL file makes
//     {"run": {...}}                 a declarative pipeline, really run: see Build.groovy
//
// It is not Jenkins. It knows the part of the declarative syntax, the steps and the arguments that the emitted files
// use; anything else is an error. `sh` steps are real, in a real clone of the repository. Without effect are: timeouts,
// locks, triggers, the choice of an agent, the sandbox, and that Jenkins saves a pipeline's state between its steps.
import groovy.json.JsonOutput
import groovy.json.JsonSlurper

def (asked, answer) = [new JsonSlurper().parse(new File(args[0])), null]
if (asked.trees) {
    answer = asked.trees.collectEntries { [it, Tree.of(new File(it))] }
} else if (asked.jobs) {
    answer = Recorder.of(new File(asked.jobs), asked.given)
} else {
    answer = Build.of(asked.run)
}
new File(args[1]).text = JsonOutput.toJson(answer)
