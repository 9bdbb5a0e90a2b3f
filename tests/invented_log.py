"""A small incident log in the format of the real one, with what makes clocks difficult.

In the desk's zone the clocks went back in the first hour of 21 February 2016, a Sunday, so that
23:00 to 24:00 came twice; they went forward in the first hour of 16 October, also a Sunday.
"""

INVENTED = """\
number,incident_state,priority,opened_at,sys_updated_at,assigned_to,assignment_group
A plain life,New,3 - Moderate,10-10-2016 09:00,10-10-2016 09:05,?,Group 1
A plain life,Active,3 - Moderate,10-10-2016 09:00,10-10-2016 09:30,Resolver 1,Group 1
A plain life,Resolved,3 - Moderate,10-10-2016 09:00,10-10-2016 15:00,Resolver 1,Group 1
A plain life,Closed,3 - Moderate,10-10-2016 09:00,14-10-2016 15:00,Resolver 1,Group 1
On the dot,New,2 - High,11-10-2016 08:00,11-10-2016 08:00,?,Group 1
On the dot,Active,2 - High,11-10-2016 08:00,11-10-2016 12:00,Resolver 1,Group 1
On the dot,Resolved,2 - High,11-10-2016 08:00,11-10-2016 16:00,Resolver 1,Group 1
On the dot,Closed,2 - High,11-10-2016 08:00,12-10-2016 16:00,Resolver 1,Group 1
A minute late,New,2 - High,11-10-2016 08:00,11-10-2016 08:00,?,Group 2
A minute late,Active,2 - High,11-10-2016 08:00,11-10-2016 12:01,Resolver 2,Group 2
A minute late,Resolved,2 - High,11-10-2016 08:00,11-10-2016 16:01,Resolver 2,Group 2
Reopened,Active,3 - Moderate,11-10-2016 10:00,11-10-2016 10:20,Resolver 2,Group 2
Reopened,Resolved,3 - Moderate,11-10-2016 10:00,11-10-2016 17:00,Resolver 2,Group 2
Reopened,Active,3 - Moderate,11-10-2016 10:00,13-10-2016 09:00,Resolver 2,Group 2
Reopened,Resolved,3 - Moderate,11-10-2016 10:00,13-10-2016 11:00,Resolver 2,Group 2
Reopened,Closed,3 - Moderate,11-10-2016 10:00,18-10-2016 11:00,Resolver 2,Group 2
Reopened twice,Active,2 - High,12-10-2016 09:00,12-10-2016 09:10,Resolver 1,Group 1
Reopened twice,Resolved,2 - High,12-10-2016 09:00,12-10-2016 12:00,Resolver 1,Group 1
Reopened twice,Active,2 - High,12-10-2016 09:00,12-10-2016 13:00,Resolver 1,Group 1
Reopened twice,Resolved,2 - High,12-10-2016 09:00,12-10-2016 17:30,Resolver 1,Group 1
Reopened twice,Active,2 - High,12-10-2016 09:00,14-10-2016 08:00,Resolver 3,Group 1
Reopened twice,Resolved,2 - High,12-10-2016 09:00,14-10-2016 10:00,Resolver 3,Group 1
Reopened from closed,Active,4 - Low,12-10-2016 09:00,12-10-2016 11:00,Resolver 3,Group 2
Reopened from closed,Resolved,4 - Low,12-10-2016 09:00,13-10-2016 11:00,Resolver 3,Group 2
Reopened from closed,Closed,4 - Low,12-10-2016 09:00,14-10-2016 11:00,Resolver 3,Group 2
Reopened from closed,Active,4 - Low,12-10-2016 09:00,17-10-2016 09:00,Resolver 3,Group 2
Reopened from closed,Closed,4 - Low,12-10-2016 09:00,19-10-2016 09:00,Resolver 3,Group 2
Back to resolved,Active,3 - Moderate,12-10-2016 14:00,12-10-2016 14:30,Resolver 1,Group 1
Back to resolved,Closed,3 - Moderate,12-10-2016 14:00,12-10-2016 17:00,Resolver 1,Group 1
Back to resolved,Resolved,3 - Moderate,12-10-2016 14:00,13-10-2016 09:00,Resolver 1,Group 1
Back to waiting,Active,3 - Moderate,12-10-2016 14:00,12-10-2016 14:30,Resolver 1,Group 3
Back to waiting,Resolved,3 - Moderate,12-10-2016 14:00,12-10-2016 16:00,Resolver 1,Group 3
Back to waiting,Awaiting User Info,3 - Moderate,12-10-2016 14:00,13-10-2016 10:00,Resolver 1,Group 3
Back to waiting,Active,3 - Moderate,12-10-2016 14:00,17-10-2016 10:00,Resolver 1,Group 3
Back to waiting,Resolved,3 - Moderate,12-10-2016 14:00,17-10-2016 17:45,Resolver 1,Group 3
A pause in time,Active,2 - High,13-10-2016 08:30,13-10-2016 09:00,Resolver 2,Group 1
A pause in time,Awaiting Vendor,2 - High,13-10-2016 08:30,13-10-2016 11:00,Resolver 2,Group 1
A pause in time,Active,2 - High,13-10-2016 08:30,13-10-2016 14:00,Resolver 2,Group 1
A pause in time,Resolved,2 - High,13-10-2016 08:30,14-10-2016 08:10,Resolver 2,Group 1
A pause too late,Active,1 - Critical,13-10-2016 09:00,13-10-2016 09:45,Resolver 2,Group 1
A pause too late,Awaiting Problem,1 - Critical,13-10-2016 09:00,13-10-2016 13:00,Resolver 2,Group 1
A pause too late,Active,1 - Critical,13-10-2016 09:00,14-10-2016 09:00,Resolver 2,Group 1
A pause too late,Resolved,1 - Critical,13-10-2016 09:00,14-10-2016 09:01,Resolver 2,Group 1
A weekend pause,Active,2 - High,14-10-2016 16:00,14-10-2016 16:15,Resolver 3,Group 2
A weekend pause,Awaiting User Info,2 - High,14-10-2016 16:00,15-10-2016 12:00,Resolver 3,Group 2
A weekend pause,Active,2 - High,14-10-2016 16:00,17-10-2016 12:00,Resolver 3,Group 2
A weekend pause,Resolved,2 - High,14-10-2016 16:00,17-10-2016 14:00,Resolver 3,Group 2
Wait upon wait,Active,3 - Moderate,17-10-2016 09:00,17-10-2016 09:20,Resolver 3,Group 2
Wait upon wait,Awaiting User Info,3 - Moderate,17-10-2016 09:00,17-10-2016 11:00,Resolver 3,Group 2
Wait upon wait,Awaiting Vendor,3 - Moderate,17-10-2016 09:00,18-10-2016 11:00,Resolver 3,Group 2
Wait upon wait,Resolved,3 - Moderate,17-10-2016 09:00,19-10-2016 11:00,Resolver 3,Group 2
Raised,New,4 - Low,17-10-2016 10:00,17-10-2016 10:05,?,Group 3
Raised,Active,1 - Critical,17-10-2016 10:00,17-10-2016 12:00,Resolver 1,Group 3
Raised,Resolved,1 - Critical,17-10-2016 10:00,17-10-2016 13:30,Resolver 1,Group 3
Lowered while resolved,Active,1 - Critical,17-10-2016 10:00,17-10-2016 10:30,Resolver 1,Group 3
Lowered while resolved,Resolved,1 - Critical,17-10-2016 10:00,17-10-2016 15:00,Resolver 1,Group 3
Lowered while resolved,Resolved,4 - Low,17-10-2016 10:00,17-10-2016 16:00,Resolver 1,Group 3
Lowered while resolved,Active,4 - Low,17-10-2016 10:00,18-10-2016 09:00,Resolver 1,Group 3
Lowered while resolved,Resolved,4 - Low,17-10-2016 10:00,18-10-2016 10:00,Resolver 1,Group 3
Lowered after all,Active,1 - Critical,18-10-2016 10:00,18-10-2016 11:30,Resolver 2,Group 3
Lowered after all,Resolved,1 - Critical,18-10-2016 10:00,18-10-2016 15:00,Resolver 2,Group 3
Lowered after all,Closed,4 - Low,18-10-2016 10:00,19-10-2016 15:00,Resolver 2,Group 3
Lowered by the resolution,Active,1 - Critical,18-10-2016 10:00,18-10-2016 10:30,Resolver 2,Group 3
Lowered by the resolution,Resolved,3 - Moderate,18-10-2016 10:00,18-10-2016 16:00,Resolver 2,Group 3
All at once,New,2 - High,18-10-2016 11:00,18-10-2016 11:10,?,?
All at once,Active,2 - High,18-10-2016 11:00,18-10-2016 11:10,Resolver 1,Group 1
All at once,Awaiting User Info,2 - High,18-10-2016 11:00,18-10-2016 11:10,Resolver 1,Group 1
All at once,Resolved,3 - Moderate,18-10-2016 11:00,18-10-2016 11:10,Resolver 1,Group 1
Out of order,Resolved,3 - Moderate,18-10-2016 12:00,18-10-2016 14:00,Resolver 1,Group 1
Out of order,New,3 - Moderate,18-10-2016 12:00,18-10-2016 12:10,?,Group 1
Out of order,Active,3 - Moderate,18-10-2016 12:00,18-10-2016 13:00,Resolver 1,Group 1
Before its opening,Active,2 - High,18-10-2016 15:00,18-10-2016 14:50,Resolver 2,Group 2
Before its opening,Resolved,2 - High,18-10-2016 15:00,18-10-2016 14:55,Resolver 2,Group 2
Before its opening,Closed,2 - High,18-10-2016 15:00,19-10-2016 15:00,Resolver 2,Group 2
Never active,New,4 - Low,18-10-2016 15:00,18-10-2016 15:10,?,?
Never active,Awaiting User Info,4 - Low,18-10-2016 15:00,18-10-2016 16:10,?,?
Never active,Resolved,4 - Low,18-10-2016 15:00,20-10-2016 16:00,?,?
Never answered,New,2 - High,18-10-2016 16:00,18-10-2016 16:10,?,Group 2
Never answered,Closed,2 - High,18-10-2016 16:00,18-10-2016 19:00,?,Group 2
Answered after all,New,2 - High,18-10-2016 09:00,18-10-2016 09:10,?,Group 2
Answered after all,Closed,2 - High,18-10-2016 09:00,18-10-2016 11:00,?,Group 2
Answered after all,New,2 - High,18-10-2016 09:00,19-10-2016 11:00,?,Group 2
Answered after all,Active,2 - High,18-10-2016 09:00,19-10-2016 12:30,Resolver 4,Group 2
Answered after all,Resolved,2 - High,18-10-2016 09:00,19-10-2016 13:00,Resolver 4,Group 2
An hour is skipped,Active,3 - Moderate,15-10-2016 20:00,15-10-2016 23:30,Resolver 4,Group 1
An hour is skipped,Resolved,3 - Moderate,15-10-2016 20:00,16-10-2016 20:30,Resolver 4,Group 1
Over that weekend,Active,3 - Moderate,14-10-2016 17:00,17-10-2016 08:30,Resolver 4,Group 1
Over that weekend,Resolved,3 - Moderate,14-10-2016 17:00,18-10-2016 17:00,Resolver 4,Group 1
An hour comes twice,New,2 - High,20-02-2016 22:30,20-02-2016 23:15,?,Group 3
An hour comes twice,Active,2 - High,20-02-2016 22:30,21-02-2016 00:45,Resolver 3,Group 3
An hour comes twice,Resolved,2 - High,20-02-2016 22:30,21-02-2016 05:45,Resolver 3,Group 3
Opened in that hour,Active,1 - Critical,20-02-2016 23:40,21-02-2016 00:10,Resolver 3,Group 3
Opened in that hour,Resolved,1 - Critical,20-02-2016 23:40,22-02-2016 08:10,Resolver 3,Group 3
Opened in that hour,Closed,1 - Critical,20-02-2016 23:40,22-02-2016 18:00,Resolver 3,Group 3
Not looked at,New,1 - Critical,21-10-2016 16:30,21-10-2016 16:31,?,?
Soon late,Active,4 - Low,19-10-2016 09:30,19-10-2016 10:00,Resolver 4,Group 1
Soon late in the office,Active,2 - High,21-10-2016 11:00,21-10-2016 11:30,Resolver 4,Group 1
In good time,Active,4 - Low,21-10-2016 09:00,21-10-2016 10:00,Resolver 4,Group 2
Late,Active,2 - High,20-10-2016 09:00,20-10-2016 15:00,Resolver 2,Group 2
Waiting,Active,2 - High,20-10-2016 09:00,20-10-2016 10:00,Resolver 2,Group 2
Waiting,Awaiting Evidence,2 - High,20-10-2016 09:00,20-10-2016 11:00,Resolver 2,Group 2
Late and waiting,Active,1 - Critical,20-10-2016 09:00,20-10-2016 10:00,Resolver 2,Group 2
Late and waiting,Awaiting Problem,1 - Critical,20-10-2016 09:00,20-10-2016 17:00,Resolver 2,Group 2
"""
