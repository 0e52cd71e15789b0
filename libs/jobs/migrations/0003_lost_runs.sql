-- Whoever takes a job from an owner that was not heard of cannot know whether it died. An owner that lives says so and clears the job.
-- lost_fences: runs taken like this and not cleared; those of them that had begun are counted in crashes.
-- losses: runs in a row that their living owner lost.
alter table jobs
  add column lost_fences bigint[] not null default '{}',
  add column losses integer not null default 0;
