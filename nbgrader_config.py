"""Lets stock nbgrader (commands, formgrader) work on this course: ``nbgrader --help-all``.

``lobsim release`` and ``lobsim grade`` do not need this file; it is for everything beside them.
"""

from nbgrader.preprocessors import CheckCellMetadata, ClearOutput, OverwriteKernelspec

from lobsim.course.clean_html import HTML_FILTERS
from lobsim.course.nbgrader_steps import DropDuplicates, RestoreCells
from lobsim.course.release_steps import CODE_STUB, PRIVATE_FILES, STEPS, TEXT_STUB

c = get_config()  # noqa: F821  (nbgrader provides it)

# solutions/NN_name -> lessons/NN_name; submitted/, autograded/, feedback/ beside them
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "lessons"
c.CourseDirectory.course_id = "lobsim"
c.CourseDirectory.ignore = PRIVATE_FILES

# The gradebook is the file gradebook.db beside this one. For one in PostgreSQL, shared by several
# people, install "lobsim[postgres]" and let this line name it (the database has to exist):
# c.CourseDirectory.db_url = "postgresql+psycopg://user:password@host/database"

# the same steps as `lobsim release`, with the same result
c.GenerateAssignment.preprocessors = STEPS
c.GenerateAssignment.post_convert_hook = "lobsim.course.release.after_generate"
c.BlankSolutions.code_stub = {"python": CODE_STUB}
c.BlankSolutions.text_stub = TEXT_STUB
c.ClearMarkScheme.enforce_metadata = False

# a whole lesson is to run in 60 s, a training lesson in 180 s; one cell never takes longer
c.Execute.timeout = 180
c.ExecutePreprocessor.timeout = 180

# an honest copy-paste keeps the cell's id; a deleted check cell comes back
c.Autograde.sanitize_preprocessors = [
    ClearOutput, DropDuplicates, OverwriteKernelspec, RestoreCells, CheckCellMetadata,
]
c.RestoreCells.add_missing_cells = True
c.OverwriteCells.add_missing_cells = True

# Late hand-ins: after the grace minutes, so many percent of the marks for each started day, up to a
# maximum. Due dates and extensions are set with `lobsim due`. 0 percent takes nothing off.
c.AssignLatePenalties.plugin_class = "lobsim.course.late.LatePenalty"
c.LatePenalty.percent_per_day = 0
c.LatePenalty.grace_minutes = 15
c.LatePenalty.maximum_percent = 50
c.LatePenalty.time_zone = "UTC"  # of times that name no zone; for example "Europe/Berlin"

# formgrader shows the mark scheme above each written answer
c.HTMLExporter.preprocessors = ["lobsim.course.rubric.ShowRubric"]
c.ShowRubric.in_feedback = False

# feedback pages and formgrader show what a student's code printed as HTML: never a script
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = HTML_FILTERS
